// A double of Stripe.js, as strict as the real one: what it does not know is an IntegrationError.
// Its shapes are those of "Stripe.js reference"; test methods take the place of card numbers.
(() => {
  const VERSION = "API_VERSION";
  const ORIGIN = new URL(document.currentScript.src).origin;

  const { IntegrationError, ELEMENTS, EVENTS, PAYMENT, TOKEN, check, isObject, list, need, text } =
    stripeDoubleRules;

  // Requests to the API with the publishable key.

  function encode(body, value, name) {
    if (isObject(value)) {
      for (const [key, inner] of Object.entries(value)) {
        encode(body, inner, name ? `${name}[${key}]` : key);
      }
    } else if (value !== undefined && value !== null && value !== "") {
      body.append(name, String(value));
    }
  }

  async function request(key, method, path, fields) {
    const form = new URLSearchParams();
    encode(form, fields, "");
    const isPost = method === "POST";
    const url = `${ORIGIN}${path}${isPost ? "" : `?${form}`}`;
    const headers = { authorization: `Bearer ${key}`, "stripe-version": VERSION };
    try {
      const response = await fetch(url, { method, headers, body: isPost ? form : undefined });
      const answer = await response.json();
      return response.ok ? { object: answer } : { error: answer.error };
    } catch {
      const message = "We are experiencing issues connecting to our payments provider.";
      return { error: { type: "api_connection_error", message } };
    }
  }

  const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

  // The options of Elements by the names of the API.
  function context(given) {
    const methods = Object.entries(given.paymentMethodOptions ?? {}).map(([kind, own]) => {
      const kept = Object.entries(own).map(([name, value]) => [snake(name), value]);
      return [kind, Object.fromEntries(kept)];
    });
    return {
      mode: given.mode,
      amount: given.amount,
      currency: given.currency,
      capture_method: given.captureMethod,
      setup_future_usage: given.setupFutureUsage,
      payment_method_options: Object.fromEntries(methods),
    };
  }

  class PaymentElement {
    #listeners = new Map();
    #frame = null;
    #name = `element-${Math.random().toString(36).slice(2)}`;
    #url;
    chosen = null;
    isReady = false;
    isDestroyed = false;

    constructor(url) {
      this.#url = url;
      addEventListener("message", (event) => this.#hear(event));
    }

    mount(place) {
      const parent = typeof place === "string" ? document.querySelector(place) : place;
      if (!(parent instanceof HTMLElement)) {
        throw new IntegrationError("The selector you specified applies to no DOM elements.");
      }
      this.unmount();
      this.#frame = document.createElement("iframe");
      this.#frame.title = "Secure payment input frame";
      this.#frame.src = `${this.#url()}#${this.#name}`;
      this.#frame.width = "100%";
      this.#frame.height = "400";
      this.#frame.setAttribute("frameborder", "0");
      parent.replaceChildren(this.#frame);
      this.#tell("loaderstart", {});
      fetch(`${ORIGIN}/v1/`, { method: "OPTIONS" }).catch(() => {
        const error = { type: "api_connection_error", message: "The form could not be loaded." };
        this.#tell("loaderror", { error });
      });
    }

    unmount() {
      this.#frame?.remove();
      this.#frame = null;
      this.isReady = false;
      this.chosen = null;
    }

    destroy() {
      this.unmount();
      this.isDestroyed = true;
      this.#listeners.clear();
    }

    update(given) {
      check("element.update()", PAYMENT, given);
    }

    focus() {
      this.#frame?.focus();
    }

    collapse() {}

    blur() {
      this.#frame?.blur();
    }

    on(event, listener) {
      if (!EVENTS.includes(event)) throw new IntegrationError(`There is no event ${event}.`);
      if (typeof listener !== "function") throw new IntegrationError("A function is expected.");
      this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
      return this;
    }

    off(event, listener) {
      const left = (this.#listeners.get(event) ?? []).filter((it) => listener && it !== listener);
      this.#listeners.set(event, left);
      return this;
    }

    once(event, listener) {
      const first = (data) => {
        this.off(event, first);
        listener(data);
      };
      return this.on(event, first);
    }

    #tell(event, data) {
      const all = { elementType: "payment", ...data };
      for (const listener of this.#listeners.get(event) ?? []) listener(all);
    }

    #hear(event) {
      const { data } = event;
      if (event.origin !== ORIGIN || data?.stripeDouble !== this.#name || !this.#frame) return;
      if (data.type === "height") this.#frame.height = String(data.height + 16);
      if (data.type === "ready") {
        this.isReady = true;
        this.#tell("ready", {});
        this.#change();
      }
      if (data.type === "change") {
        this.chosen = { method: data.method, kind: data.kind };
        this.#change();
      }
    }

    #change() {
      const value = { type: this.chosen?.kind ?? "card", payment_method: undefined };
      const complete = this.chosen !== null;
      this.#tell("change", { value, complete, empty: !complete, collapsed: false });
    }
  }

  class Elements {
    #given;
    #element = null;
    #submitted = false;

    constructor(given) {
      check("elements()", ELEMENTS, given);
      need("elements()", given, ["mode", "amount", "currency"]);
      this.#given = { ...given };
    }

    create(type, given = {}) {
      if (type !== "payment") throw new IntegrationError(`The double has no Element ${type}.`);
      check("elements.create()", PAYMENT, given);
      if (this.#element && !this.#element.isDestroyed) {
        throw new IntegrationError("Can only create one Element of type payment.");
      }
      this.#element = new PaymentElement(() => {
        const manual = this.#given.captureMethod === "manual";
        const query = new URLSearchParams({ currency: this.#given.currency, manual });
        return `${ORIGIN}/pages/element?${query}`;
      });
      return this.#element;
    }

    getElement(type) {
      return type === "payment" ? this.#element : null;
    }

    update(given) {
      check("elements.update()", ELEMENTS, given);
      this.#given = { ...this.#given, ...given };
      // What was submitted was for other terms.
      this.#submitted = false;
    }

    async fetchUpdates() {
      return {};
    }

    async submit() {
      if (!this.#element?.isReady) {
        throw new IntegrationError("elements.submit(): the Payment Element is not mounted or not ready.");
      }
      if (!this.#element.chosen) {
        const message = "Your card number is incomplete.";
        return { error: { type: "validation_error", code: "incomplete_number", message } };
      }
      this.#submitted = true;
      return { selectedPaymentMethod: this.#element.chosen.kind };
    }

    // For the double's own use: what goes into a confirmation token.
    token() {
      if (!this.#submitted) {
        throw new IntegrationError(
          "elements.submit() must be called before stripe.createConfirmationToken().",
        );
      }
      return { method: this.#element.chosen.method, context: context(this.#given) };
    }
  }

  function merge(given) {
    const { billing_details, allow_redisplay } = given.payment_method_data ?? {};
    return { billing_details, allow_redisplay };
  }

  // A dialog with the bank's page. Resolves when the customer has answered or closed it.
  function authenticate(secret) {
    return new Promise((resolve) => {
      const dialog = document.createElement("dialog");
      dialog.setAttribute("aria-label", "3-D Secure");
      const frame = document.createElement("iframe");
      frame.title = "3-D Secure challenge frame";
      frame.src = `${ORIGIN}/pages/bank#${encodeURIComponent(secret)}`;
      frame.width = "400";
      frame.height = "300";
      dialog.append(frame);
      const end = () => {
        removeEventListener("message", hear);
        dialog.remove();
        resolve();
      };
      const hear = (event) => {
        const isOurs = event.origin === ORIGIN && event.data?.stripeDouble === secret;
        if (isOurs) end();
      };
      addEventListener("message", hear);
      dialog.addEventListener("close", end);
      document.body.append(dialog);
      dialog.showModal();
    });
  }

  class Stripe {
    #key;

    constructor(key, given = {}) {
      if (!text(key)) throw new IntegrationError("Missing value for Stripe(): apiKey.");
      if (!key.startsWith("pk_")) {
        throw new IntegrationError("You should use your publishable key with Stripe.js.");
      }
      check("Stripe()", { locale: text, apiVersion: text, stripeAccount: text, betas: list }, given);
      this.#key = key;
    }

    elements(given) {
      return new Elements(given ?? {});
    }

    async createConfirmationToken(given) {
      const where = "stripe.createConfirmationToken()";
      check(where, { elements: (it) => it instanceof Elements, params: TOKEN }, given);
      need(where, given, ["elements"]);
      const { method, context } = given.elements.token();
      const params = given.params ?? {};
      const { object, error } = await request(this.#key, "POST", "/v1/confirmation_tokens", {
        payment_method_data: { ...merge(params), test_method: method },
        return_url: params.return_url,
        shipping: params.shipping,
        client_context: context,
      });
      return error ? { error } : { confirmationToken: object };
    }

    async retrievePaymentIntent(secret) {
      if (!/^pi_\w+_secret_\w+$/.test(secret)) {
        throw new IntegrationError("Invalid value for the client secret of a PaymentIntent.");
      }
      const id = secret.split("_secret_")[0];
      const fields = { client_secret: secret };
      const { object, error } = await request(this.#key, "GET", `/v1/payment_intents/${id}`, fields);
      return error ? { error } : { paymentIntent: object };
    }

    async handleNextAction(given) {
      check("stripe.handleNextAction()", { clientSecret: text }, given);
      need("stripe.handleNextAction()", given, ["clientSecret"]);
      const secret = given.clientSecret;
      const { paymentIntent, error } = await this.retrievePaymentIntent(secret);
      if (error) return { error };
      if (paymentIntent.status !== "requires_action") {
        const message = "The PaymentIntent supplied is not in the requires_action state.";
        return { error: { type: "invalid_request_error", code: "payment_intent_unexpected_state", message } };
      }
      if (paymentIntent.next_action.type === "redirect_to_url") {
        location.assign(paymentIntent.next_action.redirect_to_url.url);
        return new Promise(() => {});
      }
      await authenticate(secret);
      const after = await this.retrievePaymentIntent(secret);
      const failure = after.paymentIntent?.last_payment_error;
      const failed = after.paymentIntent?.status === "requires_payment_method";
      return failed ? { error: { ...failure, payment_intent: after.paymentIntent } } : after;
    }
  }

  window.Stripe = Object.assign((key, given) => new Stripe(key, given), { version: "double" });
})();
