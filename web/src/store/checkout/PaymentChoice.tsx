import { useQuery } from '@tanstack/react-query';

import { Choice } from '../parts/Choice';
import { FailedPart } from '../parts/FailedPart';
import { Note } from '../parts/Note';
import { Skeleton } from '../parts/Skeleton';
import { useTexts } from '../texts';
import { methodsQuery, type Payment, testCards } from './methods';

type Props = { value: Payment | undefined; onChange: (payment: Payment) => void };

/** The payment methods. */
export function PaymentChoice({ value, onChange }: Props) {
  const { payment: texts } = useTexts();
  const methods = useQuery(methodsQuery);
  if (!methods.data) {
    if (!methods.error) return <Skeleton height="7rem" />;
    return <FailedPart query={methods} />;
  }
  const cards = testCards(methods.data);
  if (cards.length === 0) return <Note kind="warn">{texts.none}</Note>;
  return (
    <>
      <Note kind="plain">{texts.test}</Note>
      <Choice
        legend={texts.legend}
        name="payment"
        value={value?.token ?? ''}
        onChange={(token) => {
          const card = cards.find((it) => it.token === token);
          if (card) onChange({ provider: card.provider, token });
        }}
        options={cards.map(({ token, outcome }) => ({
          value: token,
          label: texts.cards[outcome].label,
          more: texts.cards[outcome].more,
        }))}
      />
    </>
  );
}
