import { useState } from 'react';

import { useKnownUser } from '../account/useKnownUser';
import { announce } from '../announce';
import { Summary } from '../forms/Summary';
import { useForm } from '../forms/useForm';
import { Button, ButtonLink } from '../parts/Button';
import { TextArea, TextField } from '../parts/Field';
import { Note } from '../parts/Note';
import { Skeleton } from '../parts/Skeleton';
import { useInWords } from '../problems';
import type { Product } from '../products';
import { useTexts } from '../texts';
import { type Review, useWriteReview } from './reviewQueries';
import { StarChoice } from './StarChoice';
import styles from './WriteReview.module.css';

type Status = Review['status'];

/** Where one says what one thinks; only who is logged in can. */
export function WriteReview({ product }: { product: Product }) {
  const { reviews: texts } = useTexts();
  const user = useKnownUser();
  const [open, setOpen] = useState(false);
  const [left, setLeft] = useState(false);
  const [sent, setSent] = useState<Status>();
  const thanks = (status: Status) => (status === 'approved' ? texts.thanks : texts.thanksPending);
  if (sent) {
    return <Note kind="good">{thanks(sent)}</Note>;
  }
  // Nothing is offered that would be taken back at once.
  if (user === undefined) return <Skeleton height="5rem" />;
  if (!user) {
    return (
      <div className={styles.invite}>
        <p>{texts.invite}</p>
        <ButtonLink to="/login" search={{ next: `/products/${product.slug}` }} look="outline">
          {texts.signIn}
        </ButtonLink>
      </div>
    );
  }
  if (!open) {
    return (
      <div className={styles.invite}>
        <p>{texts.invite}</p>
        <Button look="outline" autoFocus={left} onClick={() => setOpen(true)}>
          {texts.write}
        </Button>
      </div>
    );
  }
  return (
    <Form
      product={product}
      onSent={(status) => {
        setSent(status);
        announce(thanks(status));
      }}
      onCancel={() => {
        setOpen(false);
        setLeft(true);
      }}
    />
  );
}

type Props = {
  product: Product;
  onSent: (status: Status) => void;
  onCancel: () => void;
};

function Form({ product, onSent, onCancel }: Props) {
  const { reviews: texts } = useTexts();
  const inWords = useInWords();
  const write = useWriteReview(product.id);
  const form = useForm({
    initial: { rating: '', title: '', body: '' },
    check: ({ rating, body }) => ({
      ...(!rating && { rating: texts.ratingMissing }),
      ...(!body.trim() && { body: texts.bodyMissing }),
    }),
    submit: async ({ rating, title, body }) => {
      const review = { rating: Number(rating), title: title.trim(), body: body.trim() };
      onSent((await write.mutateAsync(review)).status);
    },
    inWords,
  });
  return (
    <form className={styles.form} onSubmit={form.onSubmit} noValidate>
      <Summary form={form} />
      <StarChoice
        {...form.bind('rating')}
        label={texts.rating}
        autoFocus
        onChange={(rating) => form.set({ rating })}
      />
      <TextField
        {...form.bind('title')}
        label={texts.reviewTitle}
        note={texts.optional}
        maxLength={120}
      />
      <TextArea {...form.bind('body')} label={texts.body} maxLength={5000} required />
      <div className={styles.ways}>
        <Button type="submit" busy={form.busy}>
          {texts.submit}
        </Button>
        <Button look="plain" onClick={onCancel}>
          {texts.cancel}
        </Button>
      </div>
    </form>
  );
}
