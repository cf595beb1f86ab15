import { Choice } from '../parts/Choice';
import { Note } from '../parts/Note';
import { useTexts } from '../texts';

/** The cards of the sandbox; see the table in the README. */
const TOKENS = ['tok_visa', 'tok_3ds', 'tok_declined', 'tok_insufficient_funds'] as const;

type Props = { value: string; onChange: (token: string) => void };

/** With which of the test cards it is paid. */
export function PaymentChoice({ value, onChange }: Props) {
  const { payment: texts } = useTexts();
  return (
    <>
      <Note kind="plain">{texts.sandbox}</Note>
      <Choice
        legend={texts.legend}
        name="payment"
        value={value}
        onChange={onChange}
        options={TOKENS.map((token) => ({
          value: token,
          label: texts.cards[token].label,
          more: texts.cards[token].more,
        }))}
      />
    </>
  );
}
