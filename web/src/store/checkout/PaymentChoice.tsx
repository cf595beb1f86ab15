import { Choice } from '../parts/Choice';
import { FailedPart } from '../parts/FailedPart';
import { Note } from '../parts/Note';
import { Skeleton } from '../parts/Skeleton';
import { useTexts } from '../texts';
import { ANOTHER, type Paying } from './methods';
import type { Method, TestTokens } from './offered';
import { StripeForm } from './StripeForm';
import { expiryOf, nameOf as nameOfSaved } from './saved';

type Props = {
  paying: Paying;
  /** Whether the shop knows the address of the bill, so that no form need ask for it. */
  addressed: boolean;
};

/** What is saved, or else the payment methods and the form of the one that is chosen. */
export function PaymentChoice({ paying, addressed }: Props) {
  if (paying.looking) return <Skeleton height="7rem" />;
  return (
    <>
      {paying.saved.length > 0 && <Saved paying={paying} />}
      {!paying.use && <Methods paying={paying} addressed={addressed} />}
    </>
  );
}

function Saved({ paying }: { paying: Paying }) {
  const { payment: texts } = useTexts();
  const { saved, use, choose } = paying;
  return (
    <Choice
      legend={texts.saved.legend}
      name="saved-payment"
      value={use?.id ?? ANOTHER}
      onChange={choose}
      options={[
        ...saved.map((it) => {
          const expiry = expiryOf(it);
          return {
            value: it.id,
            label: nameOfSaved(it),
            more: expiry && texts.saved.expires(expiry),
          };
        }),
        { value: ANOTHER, label: texts.saved.another },
      ]}
    />
  );
}

function Methods({ paying, addressed }: Props) {
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
          onChange={(id) => paying.set({ method: id })}
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
          save={paying.save}
          onSave={paying.setSave}
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
        onChange={(card) => paying.set({ card })}
        options={tokens.tokens.map(({ token, outcome }) => ({
          value: token,
          label: texts.cards[outcome].label,
          more: texts.cards[outcome].more,
        }))}
      />
    </>
  );
}
