/** Lets modules that look around when they are loaded be loaded here; what they need comes later. */
Object.assign(globalThis, {
  location: { origin: 'http://shop.example' },
  document: { getElementById: () => null },
  addEventListener: () => {},
});
