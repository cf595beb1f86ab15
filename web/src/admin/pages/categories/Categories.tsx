import { PageHead } from '../../parts/PageHead';
import { useTexts } from '../../texts';

export function Categories() {
  const { shell } = useTexts();
  return <PageHead title={shell.categories} />;
}
