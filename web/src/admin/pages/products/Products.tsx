import { PageHead } from '../../parts/PageHead';
import { useTexts } from '../../texts';

export function Products() {
  const { shell } = useTexts();
  return <PageHead title={shell.products} />;
}
