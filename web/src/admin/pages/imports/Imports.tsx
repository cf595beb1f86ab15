import { PageHead } from '../../parts/PageHead';
import { useTexts } from '../../texts';

export function Imports() {
  const { shell } = useTexts();
  return <PageHead title={shell.imports} />;
}
