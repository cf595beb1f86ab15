/**
 * The part of Stripe.js that is used here. Its script comes from Stripe when it is needed, and is never
 * part of the build; its own package of types describes all of it, a hundred times this.
 */

export type StripeFactory = (publishableKey: string, options?: { locale?: string }) => Stripe;

export type Stripe = {
  elements(options: ElementsOptions & { mode: 'payment' }): StripeElements;
  createConfirmationToken(options: {
    elements: StripeElements;
    params: {
      return_url: string;
      payment_method_data: { billing_details: BillingDetails; allow_redisplay?: 'always' };
    };
  }): Promise<
    | { confirmationToken: { id: string }; error?: undefined }
    | { confirmationToken?: undefined; error: StripeError }
  >;
  /** Shows what the bank asks, over the page, and answers when that is done or given up. */
  handleNextAction(options: { clientSecret: string }): Promise<{ error?: StripeError }>;
};

export type ElementsOptions = {
  /** In Stripe's minor units. */
  amount: number;
  /** In lower case. */
  currency: string;
  captureMethod: string;
  /** Of single methods, where it is another one. */
  paymentMethodOptions?: Record<string, { captureMethod: 'manual' }>;
  /** For what is to be paid with again while the customer is there; Stripe hides what cannot be. */
  setupFutureUsage?: 'on_session' | null;
  locale: string;
  appearance: Appearance;
};

export type StripeElements = {
  create(type: 'payment', options: PaymentElementOptions): PaymentElement;
  update(options: Partial<ElementsOptions>): unknown;
  /** Checks what is written; to be called first of all when the customer pays. */
  submit(): Promise<{ error?: StripeError }>;
};

export type PaymentElementOptions = {
  layout: 'tabs' | 'accordion';
  /** What the form asks for beside the means of payment; what is `never` asked for must be given. */
  fields: { billingDetails: { name: Asks; email: Asks; address: Asks } };
};

type Asks = 'auto' | 'never';

export type PaymentElement = {
  mount(place: HTMLElement): void;
  destroy(): void;
  focus(): void;
  on(event: 'ready' | 'change', listener: () => void): unknown;
  on(event: 'loaderror', listener: (event: { error: StripeError }) => void): unknown;
};

export type Appearance = {
  theme: 'stripe' | 'night';
  variables: Record<string, string>;
};

export type BillingDetails = {
  name?: string;
  email?: string;
  phone?: string;
  address?: {
    line1: string;
    line2: string;
    city: string;
    state: string;
    postal_code: string;
    country: string;
  };
};

export type StripeError = {
  /** Such as `card_error` or `validation_error`, whose message is for the customer. */
  type: string;
  code?: string;
  decline_code?: string;
  message?: string;
};

declare global {
  interface Window {
    Stripe?: StripeFactory;
  }
}
