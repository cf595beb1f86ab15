import { PageHead } from '../../parts/PageHead';
import { useTexts } from '../../texts';

export function Inventory() {
  const { shell } = useTexts();
  return <PageHead title={shell.inventory} />;
}
