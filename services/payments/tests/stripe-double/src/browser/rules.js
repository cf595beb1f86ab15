// What Stripe.js takes: which options there are and what each has to be. Comes before stripe.js in
// the same file.
"use strict";

const stripeDoubleRules = (() => {
  class IntegrationError extends Error {
    constructor(message) {
      super(message);
      this.name = "IntegrationError";
    }
  }

  // Checks of options: what an option of this name has to be.

  const isObject = (value) =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  const text = (value) => typeof value === "string" && value !== "";
  const flag = (value) => typeof value === "boolean";
  const count = (value) => Number.isInteger(value) && value > 0;
  const list = (value) => Array.isArray(value) && value.every(text);
  const oneOf = (...words) => (value) => words.includes(value);
  const anything = isObject;
  const options = (fields) => fields;

  function check(where, fields, given) {
    if (!isObject(given)) throw new IntegrationError(`${where} should be an object.`);
    for (const [name, value] of Object.entries(given)) {
      const path = `${where}.${name}`;
      const rule = fields[name];
      if (rule === undefined) throw new IntegrationError(`${path} is not an accepted parameter.`);
      if (value === undefined) continue;
      if (isObject(rule)) check(path, rule, value);
      else if (!rule(value)) throw new IntegrationError(`Invalid value for ${path}: ${typeof value}.`);
    }
  }

  function need(where, given, names) {
    for (const name of names) {
      if (given[name] === undefined) throw new IntegrationError(`${where}.${name} is missing.`);
    }
  }

  const usage = oneOf("off_session", "on_session");
  const holding = options({ captureMethod: oneOf("manual"), setupFutureUsage: usage });
  const direct = options({ setupFutureUsage: usage });
  const METHOD_OPTIONS = {
    card: { ...holding, require_cvc_recollection: flag, installments: anything },
    affirm: holding,
    afterpay_clearpay: holding,
    alma: holding,
    amazon_pay: holding,
    billie: holding,
    cashapp: holding,
    klarna: holding,
    link: holding,
    mobilepay: holding,
    paypal: holding,
    revolut_pay: holding,
    satispay: holding,
    ideal: direct,
    sepa_debit: direct,
  };
  const ELEMENTS = {
    mode: oneOf("payment"),
    amount: count,
    currency: (value) => /^[a-z]{3}$/.test(value),
    captureMethod: oneOf("automatic", "automatic_async", "manual"),
    setupFutureUsage: (value) => value === null || usage(value),
    paymentMethodTypes: list,
    paymentMethodOptions: METHOD_OPTIONS,
    paymentMethodCreation: oneOf("manual"),
    appearance: { theme: text, variables: anything, rules: anything, labels: text, disableAnimations: flag },
    fonts: Array.isArray,
    locale: text,
    loader: oneOf("auto", "always", "never"),
    customerSessionClientSecret: text,
    excludedPaymentMethodTypes: list,
  };
  const PAYMENT = {
    layout: (value) => text(value) || isObject(value),
    defaultValues: anything,
    business: anything,
    fields: anything,
    paymentMethodOrder: list,
    readOnly: flag,
    terms: anything,
    wallets: anything,
  };
  const EVENTS = ["ready", "change", "loaderror", "loaderstart", "focus", "blur", "escape"];
  const ADDRESS = { city: anyText, country: anyText, line1: anyText, line2: anyText, postal_code: anyText, state: anyText };
  const PERSON = { name: anyText, email: anyText, phone: anyText, address: ADDRESS };
  const TOKEN = {
    payment_method_data: {
      billing_details: PERSON,
      allow_redisplay: oneOf("always", "limited", "unspecified"),
    },
    return_url: (value) => URL.canParse(value),
    shipping: { name: anyText, phone: anyText, address: ADDRESS },
  };

  function anyText(value) {
    return value === null || typeof value === "string";
  }

  return { IntegrationError, ELEMENTS, EVENTS, PAYMENT, TOKEN, check, isObject, list, need, text };
})();

