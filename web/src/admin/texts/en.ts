export const en = {
  shell: {
    products: 'Products',
    dashboard: 'Dashboard',
  },
};

/** What every language has. */
export type Texts = typeof en;
