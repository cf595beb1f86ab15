import { useAnnounced } from '../announce';
import { Hidden } from '../parts/Hidden';

/** Where `announce` is heard. */
export function Announcer() {
  return (
    <div role="status" aria-live="polite">
      <Hidden>{useAnnounced()}</Hidden>
    </div>
  );
}
