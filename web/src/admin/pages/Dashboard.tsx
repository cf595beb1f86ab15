import { PageHead } from '../parts/PageHead';
import { useTexts } from '../texts';

export function Dashboard() {
  const { shell } = useTexts();
  return <PageHead title={shell.dashboard} />;
}
