/** A list of people to search. Loaded where one is asked for. */
import { Combobox } from '@base-ui/react/combobox';
import { useState } from 'preact/hooks';
import { WORDS } from '../words.ts';

const SAY = WORDS.decisions.person;

/**
 * @param value who is chosen, nothing for anybody
 * @param people suggested, the most frequent first; an id that is typed can be chosen, too
 */
export default function PeopleBox(props: {
  label: string;
  value: string;
  people: readonly string[];
  set(value: string): void;
}) {
  const [text, setText] = useState('');
  const typed = text.trim();
  const people = ['', ...props.people, ...(props.people.includes(typed) || typed === '' ? [] : [typed])];
  return (
    <Combobox.Root
      items={people}
      value={props.value}
      onValueChange={(value) => props.set(value ?? '')}
      itemToStringLabel={(person) => (person === '' ? SAY.anybody : person)}
      onInputValueChange={setText}
    >
      <Combobox.Trigger className="people-box" aria-label={`${props.label}: ${props.value || SAY.anybody}`}>
        <span>{props.value || SAY.anybody}</span>
        <span aria-hidden="true">▾</span>
      </Combobox.Trigger>
      <Combobox.Portal>
        <Combobox.Positioner sideOffset={4} align="start">
          <Combobox.Popup className="suggestions" aria-label={props.label}>
            <Combobox.Input aria-label={SAY.search} placeholder={SAY.search} autoComplete="off" />
            <Combobox.List aria-label={props.label}>
              {(person: string) => (
                <Combobox.Item key={person} value={person} className="suggestion">
                  {person || SAY.anybody}
                </Combobox.Item>
              )}
            </Combobox.List>
          </Combobox.Popup>
        </Combobox.Positioner>
      </Combobox.Portal>
    </Combobox.Root>
  );
}
