/** The search box with suggestions: a combobox with a list as the ARIA practices have it. */

import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';

import { useFormats } from '../../format';
import { announce } from '../announce';
import { Icon } from '../parts/Icon';
import { Picture } from '../parts/Picture';
import { suggestionsFor } from '../suggestions';
import { useTexts } from '../texts';
import styles from './Search.module.css';

/** Milliseconds without another key before the shop is asked. */
const PAUSE = 120;

export function Search() {
  const { shell } = useTexts();
  const { money } = useFormats();
  const navigate = useNavigate();
  const here = useSearch({ strict: false }) as { search?: string };
  const [word, setWord] = useState(here.search ?? '');
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const box = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();

  // Another search in the address, such as by going back, is the one in the box.
  useEffect(() => setWord(here.search ?? ''), [here.search]);

  const asked = usePaused(word.trim(), PAUSE);
  const { data } = useQuery(suggestionsFor(open ? asked : ''));
  const categories = data?.categories ?? [];
  const products = data?.products ?? [];
  const count = categories.length + products.length;
  const shown = open && word.trim() !== '' && count > 0;

  useEffect(() => {
    if (shown) announce(shell.suggestions(count));
  }, [shown, count, shell]);

  const close = () => {
    setOpen(false);
    setActive(-1);
  };
  const option = (index: number) => `${id}-${index}`;
  const go = () => {
    close();
    box.current?.blur();
  };

  function search() {
    const text = word.trim();
    if (!text) return box.current?.focus();
    go();
    void navigate({ to: '/search', search: { search: text } });
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key === 'Escape') {
      if (shown) event.preventDefault();
      close();
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      setOpen(true);
      if (!shown) return;
      const step = event.key === 'ArrowDown' ? 1 : -1;
      // One place more than there are suggestions: the box itself.
      setActive((now) => ((now + 1 + step + count + 1) % (count + 1)) - 1);
    } else if (event.key === 'Enter' && shown && active >= 0) {
      event.preventDefault();
      list.current?.querySelector<HTMLElement>('[aria-selected="true"]')?.click();
    }
  }

  const own = (index: number) => ({
    id: option(index),
    role: 'option',
    tabIndex: -1,
    'aria-selected': active === index,
    className: styles.option,
    onPointerMove: () => setActive(index),
    onClick: () => {
      setWord('');
      go();
    },
  });

  return (
    <search className={styles.search}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          search();
        }}
        onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && close()}
      >
        <input
          ref={box}
          type="search"
          name="search"
          className={styles.box}
          placeholder={shell.searchLabel}
          aria-label={shell.searchLabel}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          enterKeyHint="search"
          maxLength={200}
          role="combobox"
          aria-autocomplete="list"
          aria-expanded={shown}
          aria-controls={`${id}-list`}
          aria-activedescendant={shown && active >= 0 ? option(active) : undefined}
          value={word}
          onChange={(event) => {
            setWord(event.target.value);
            setOpen(true);
            setActive(-1);
          }}
          onFocus={() => setOpen(true)}
          onKeyDown={onKeyDown}
        />
        <button type="submit" className={styles.go} aria-label={shell.search}>
          <Icon name="search" />
        </button>
        <div
          ref={list}
          id={`${id}-list`}
          role="listbox"
          aria-label={shell.suggestionsLabel}
          className={styles.list}
          hidden={!shown}
          // The box keeps the focus, so that a click comes before the list is closed.
          onMouseDown={(event) => event.preventDefault()}
        >
          {categories.map((it, index) => (
            <Link key={it.id} to="/categories/$slug" params={{ slug: it.slug }} {...own(index)}>
              <span className={styles.sign}>
                <Icon name="search" size={18} />
              </span>
              <span className={styles.title}>{it.name}</span>
              <span className={styles.kind}>{shell.category}</span>
            </Link>
          ))}
          {products.map((it, index) => (
            <Link
              key={it.id}
              to="/products/$slug"
              params={{ slug: it.slug }}
              {...own(categories.length + index)}
            >
              <Picture url={it.image} sizes="3rem" className={styles.picture} />
              <span className={styles.title}>{it.title}</span>
              <span className={styles.price}>{money(it.price)}</span>
            </Link>
          ))}
        </div>
      </form>
    </search>
  );
}

/** The value as it is once it has not changed for a while. */
function usePaused(value: string, milliseconds: number): string {
  const [paused, setPaused] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setPaused(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return paused;
}
