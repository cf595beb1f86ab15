import { Link } from '@tanstack/react-router';

import { useLanguage } from '../../texts';
import type { Product, Variant } from '../products';
import { useTexts } from '../texts';
import styles from './Details.module.css';
import { weight } from './weight';

/** Facts about the chosen variant. */
export function Details({ product, variant }: { product: Product; variant: Variant }) {
  const { product: texts } = useTexts();
  const { locale } = useLanguage();
  return (
    <dl className={styles.details}>
      {product.vendor && (
        <Fact name={texts.vendor}>
          <Link to="/search" search={{ vendor: product.vendor }}>
            {product.vendor}
          </Link>
        </Fact>
      )}
      {product.product_type && <Fact name={texts.type}>{product.product_type}</Fact>}
      {product.options.map(({ name }) => (
        <Fact key={name} name={name}>
          {variant.options[name]}
        </Fact>
      ))}
      {variant.weight_grams > 0 && (
        <Fact name={texts.weight}>{weight(variant.weight_grams, variant.weight_unit, locale)}</Fact>
      )}
      {!variant.requires_shipping && <Fact name={texts.shipping}>{texts.shippingNotRequired}</Fact>}
      <Fact name={texts.sku}>{variant.sku}</Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
