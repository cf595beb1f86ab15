import { getRouteApi } from '@tanstack/react-router';

import { Empty } from '../catalog/Empty';
import { Listing } from '../catalog/Listing';
import { useTexts } from '../texts';
import { useTitle } from '../useTitle';

const route = getRouteApi('/search');

export function SearchPage() {
  const { catalog } = useTexts();
  const filters = route.useSearch();
  const title = filters.search ? catalog.searchTitle(filters.search) : catalog.all;
  useTitle(title);
  return (
    <>
      <h1>{title}</h1>
      <Listing filters={filters} empty={<Empty filters={filters} />} />
    </>
  );
}
