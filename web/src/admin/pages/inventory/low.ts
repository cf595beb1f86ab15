/** Units at which a SKU counts as low, unless one says otherwise. */
export const LOW = 5;
