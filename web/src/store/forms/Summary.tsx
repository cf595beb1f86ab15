import { useSaid } from '../problems';
import { useTexts } from '../texts';
import styles from './Summary.module.css';
import type { Form, Values } from './useForm';

/** What keeps a form from being sent, with a way to each field; gets the focus after a try. */
export function Summary<T extends Values>({ form }: { form: Form<T> }) {
  const { form: texts } = useTexts();
  const said = useSaid();
  const { shown, refusal, summary } = form;
  if (shown.length === 0 && !refusal) return null;
  return (
    <div ref={summary} className={styles.summary} role="alert" tabIndex={-1}>
      {refusal ? <p>{said(refusal)}</p> : <h2>{texts.errors(shown.length)}</h2>}
      {shown.length > 0 && (
        <ul>
          {shown.map(({ id, message }) => (
            <li key={id}>
              <a
                href={`#${id}`}
                onClick={(event) => {
                  event.preventDefault();
                  document.getElementById(id)?.focus();
                }}
              >
                {label(id)}: {message}
              </a>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** What the field with this id is called on the page. */
function label(id: string): string {
  const control = document.getElementById(id);
  if (control instanceof HTMLFieldSetElement)
    return control.querySelector('legend')?.textContent ?? '';
  const labels = control instanceof HTMLElement && 'labels' in control ? control.labels : null;
  return (labels as NodeListOf<HTMLLabelElement> | null)?.[0]?.firstChild?.textContent ?? '';
}
