/** A form that calls the API: the page stays. */
import type { ComponentChildren } from 'preact';

export function SubmitForm(props: { class: string; submit(): void; children: ComponentChildren }) {
  return (
    <form
      class={props.class}
      onSubmit={(event) => {
        event.preventDefault();
        props.submit();
      }}
    >
      {props.children}
    </form>
  );
}
