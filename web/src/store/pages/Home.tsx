import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { useFormats } from '../../format';
import { picture } from '../../picture';
import { newestProducts } from '../products';

export function Home() {
  const { data } = useQuery(newestProducts);
  const { money } = useFormats();
  return (
    <ul>
      {data?.items.map((product) => (
        <li key={product.id}>
          <Link to="/products/$slug" params={{ slug: product.slug }}>
            {product.images[0] && (
              <img {...picture(product.images[0].url, '12rem')} alt="" width={192} height={192} />
            )}
            {product.title} {money(product.price)}
          </Link>
        </li>
      ))}
    </ul>
  );
}
