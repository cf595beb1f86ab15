import { Choice } from '../parts/Choice';
import { FailedPart } from '../parts/FailedPart';
import { Note } from '../parts/Note';
import { Skeleton } from '../parts/Skeleton';
import { useTexts } from '../texts';
import type { Paying } from './methods';
import type { Method, TestTokens } from './offered';
import { StripeForm } from './StripeForm';

type Props = {
  paying: Paying;
  /** Whether the shop knows the address of the bill, so that no form need ask for it. */
  addressed: boolean;
};

/** The payment methods, and the form of the one that is chosen. */
export function PaymentChoice({ paying, addressed }: Props) {
  const { payment: texts } = useTexts();
  const { query, methods, method } = paying;
  if (!methods) {
    if (!query.error) return <Skeleton height="7rem" />;
    return <FailedPart query={query} />;
  }
  if (!method) return <Note kind="warn">{texts.none}</Note>;
  return (
    <>
      {methods.length > 1 && (
        <Choice
          legend={texts.legend}
          name="payment-method"
          value={method.id}
          onChange={(id) => paying.choose({ method: id })}
          options={methods.map((it) => ({ value: it.id, label: nameOf(it, texts) }))}
        />
      )}
      {method.tokens.type === 'test' ? (
        <TestCards tokens={method.tokens} paying={paying} />
      ) : (
        <StripeForm
          key={`${method.id} ${addressed}`}
          tokens={method.tokens}
          addressed={addressed}
          form={paying.form}
        />
      )}
    </>
  );
}

type Words = { testMethod: string; kinds: Record<string, string> };

function nameOf({ kind, title, tokens }: Method, { testMethod, kinds }: Words): string {
  return tokens.type === 'test' ? testMethod : (kinds[kind] ?? title);
}

function TestCards({ tokens, paying }: { tokens: TestTokens; paying: Paying }) {
  const { payment: texts } = useTexts();
  return (
    <>
      <Note kind="plain">{texts.test}</Note>
      <Choice
        legend={texts.testMethod}
        name="payment"
        value={paying.card}
        onChange={(card) => paying.choose({ card })}
        options={tokens.tokens.map(({ token, outcome }) => ({
          value: token,
          label: texts.cards[outcome].label,
          more: texts.cards[outcome].more,
        }))}
      />
    </>
  );
}
