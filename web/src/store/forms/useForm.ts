/**
 * The state of a form: what is written, what is wrong with it and since when that is shown (a
 * field once it was left, all of them once it was sent), and what the API had against it.
 */

import {
  type ChangeEvent,
  type FormEvent,
  type RefObject,
  useEffect,
  useId,
  useRef,
  useState,
} from 'react';

import { isProblem } from '../../api/problem';

export type Values = Record<string, string>;
export type Faults<T extends Values> = Partial<Record<keyof T & string, string>>;

type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/** What a field needs to belong to the form. */
export type Bound = {
  id: string;
  name: string;
  value: string;
  error: string | undefined;
  onChange: (event: ChangeEvent<Control>) => void;
  onBlur: () => void;
};

export type Form<T extends Values> = {
  values: T;
  set: (changes: Partial<T>) => void;
  bind: (name: keyof T & string) => Bound;
  busy: boolean;
  /** For the summary: what is wrong where, and the refusal that belongs to no field. */
  shown: { id: string; message: string }[];
  refusal: unknown;
  summary: RefObject<HTMLDivElement | null>;
  onSubmit: (event: FormEvent) => void;
  /** Says afterwards what is wrong, for example when a repeated request was refused. */
  refuse: (error: unknown) => void;
};

type Options<T extends Values> = {
  initial: T | (() => T);
  /** What is wrong with it as far as can be told here. */
  check: (values: T) => Faults<T>;
  submit: (values: T) => Promise<unknown>;
  /** The form's field for a field of the API, where they are not called the same. */
  fieldOf?: (field: string) => string;
  /** In whose words the API's are told. */
  inWords: (message: string) => string;
};

export function useForm<T extends Values>(options: Options<T>): Form<T> {
  const { check, submit, fieldOf = (it) => it, inWords } = options;
  const prefix = useId();
  const [values, setValues] = useState(options.initial);
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [tried, setTried] = useState(false);
  const [told, setTold] = useState<Values>({});
  const [refusal, setRefusal] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const summary = useRef<HTMLDivElement>(null);
  const [attention, setAttention] = useState(0);
  useEffect(() => {
    if (attention > 0) summary.current?.focus();
  }, [attention]);

  const found: Values = { ...told, ...(check(values) as Values) };
  const fault = (name: string) =>
    tried || left.has(name) || name in told ? found[name] : undefined;
  const idOf = (name: string) => `${prefix}${name}`;

  const set = (changes: Partial<T>) => {
    setValues((before) => ({ ...before, ...changes }));
    setTold((before) =>
      Object.fromEntries(Object.entries(before).filter(([name]) => !(name in changes))),
    );
  };

  const refuse = (error: unknown) => {
    const fields = isProblem(error)
      ? Object.entries(error.fields).map(([name, text]) => [fieldOf(name), inWords(text)] as const)
      : [];
    const known = fields.filter(([name]) => name in values);
    setTold(Object.fromEntries(known));
    // A refusal that is all about fields we show says nothing beyond them.
    setRefusal(fields.length > 0 && known.length === fields.length ? null : error);
    setAttention((it) => it + 1);
  };

  const onSubmit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setTried(true);
    setRefusal(null);
    setTold({});
    if (Object.keys(check(values)).length > 0) {
      setAttention((it) => it + 1);
      return;
    }
    setBusy(true);
    try {
      await submit(values);
    } catch (error) {
      refuse(error);
    } finally {
      setBusy(false);
    }
  };

  return {
    values,
    set,
    bind: (name) => ({
      id: idOf(name),
      name,
      value: values[name] ?? '',
      error: fault(name),
      onChange: (event) => set({ [name]: event.target.value } as Partial<T>),
      onBlur: () => setLeft((before) => new Set(before).add(name)),
    }),
    busy,
    shown: tried
      ? Object.entries(found).map(([name, message]) => ({ id: idOf(name), message }))
      : [],
    refusal,
    summary,
    onSubmit,
    refuse,
  };
}
