export const en = {
  shell: {
    skip: 'Skip to content',
    menu: 'Menu',
    search: 'Search',
    searchLabel: 'Search products',
    suggested: 'Suggestions',
    suggestions: (count: number) => (count === 1 ? '1 suggestion' : `${count} suggestions`),
    category: 'Category',
    account: 'Account',
    login: 'Log in',
    admin: 'Admin',
    own: 'Your account',
    orders: 'Orders',
    cart: (items: number) => (items === 1 ? 'Cart, 1 item' : `Cart, ${items} items`),
    cartShort: 'Cart',
    preferences: 'Preferences',
    language: 'Language',
    theme: { light: 'Use light colours', dark: 'Use dark colours' },
    categories: 'Categories',
    claim: 'Things made to last, at prices that say what you pay.',
  },
  parts: {
    close: 'Close',
    now: 'Now',
    before: 'Before',
    from: (price: string) => `from ${price}`,
  },
  failed: {
    title: 'That did not work',
    unreachable: 'The shop does not answer right now. Nothing is lost; please try again.',
    again: 'Try again',
  },
  missing: {
    title: 'There is no such page',
    text: 'The address may be mistyped, or what was here is gone.',
    home: 'To the home page',
  },
  loading: 'Loading',
};

/** What every language has. */
export type Texts = typeof en;
