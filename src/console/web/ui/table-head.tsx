/** The names of a table's columns. */

/** @param props `numbers`: positions of the columns of figures, which are set to the right. */
export function TableHead({ names, numbers = [] }: { names: readonly string[]; numbers?: readonly number[] }) {
  return (
    <thead>
      <tr>
        {names.map((name, at) => (
          <th key={name} scope="col" class={numbers.includes(at) ? 'num' : undefined}>
            {name}
          </th>
        ))}
      </tr>
    </thead>
  );
}
