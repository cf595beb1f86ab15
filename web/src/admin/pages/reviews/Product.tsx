import { Anchor, Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { useMay } from '../../may';
import { TextLink } from '../../parts/TextLink';
import { reviewedQuery } from '../../reviews';
import { useTexts } from '../../texts';

/** The product a review is about. */
export function Product({ id }: { id: string }) {
  const { reviews } = useTexts();
  const may = useMay();
  const { data, isError } = useQuery(reviewedQuery(id));
  if (isError) {
    return (
      <Text size="sm" c="dimmed">
        {reviews.productUnavailable}
      </Text>
    );
  }
  if (!data) return <Skeleton h={20} w="8rem" />;
  if (may('catalog:write')) {
    return (
      <TextLink to="/products/$id" params={{ id }}>
        {data.title}
      </TextLink>
    );
  }
  return (
    <Anchor size="sm" href={`/products/${data.slug}`}>
      {data.title}
    </Anchor>
  );
}
