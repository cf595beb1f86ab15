import { useSuspenseQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';

import { useAddToCart } from '../cart';
import { Button } from '../parts/Button';
import { productBySlug } from '../products';

const route = getRouteApi('/products/$slug');

export function ProductPage() {
  const { slug } = route.useParams();
  const { data: product } = useSuspenseQuery(productBySlug(slug));
  const add = useAddToCart();
  const sku = product.variants[0]?.sku;
  return (
    <article>
      <h1>{product.title}</h1>
      {sku && (
        <Button busy={add.isPending} onClick={() => add.mutate({ sku, quantity: 1 })}>
          Add
        </Button>
      )}
    </article>
  );
}
