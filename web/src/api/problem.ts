/** An error as the API tells it: RFC 9457. */
export type ProblemBody = {
  status: number;
  code: string;
  title?: string;
  detail?: string;
  errors?: { field: string; detail: string }[];
  [more: string]: unknown;
};

/** Thrown for every answer that is not a success. */
export class Problem extends Error {
  constructor(readonly body: ProblemBody) {
    super(body.detail ?? body.title ?? body.code);
    this.name = 'Problem';
  }

  get code() {
    return this.body.code;
  }

  get status() {
    return this.body.status;
  }

  /** What is wrong with which field. */
  get fields(): Record<string, string> {
    return Object.fromEntries((this.body.errors ?? []).map((it) => [it.field, it.detail]));
  }
}

/** The shop could not be reached, or its answer made no sense: whether it acted is not known. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super('the shop does not answer', { cause });
    this.name = 'Unreachable';
  }
}

export function isProblem(error: unknown, code?: string): error is Problem {
  return error instanceof Problem && (code === undefined || error.code === code);
}
