import { Group, Popover, Text, UnstyledButton } from '@mantine/core';
import { useState } from 'react';

import { Thumbnail } from '../../parts/Thumbnail';
import { useTexts } from '../../texts';
import type { Picture } from './model';
import styles from './Pictures.module.css';

type Props = {
  name: string;
  url: string | null;
  pictures: Picture[];
  choose: (url: string | null) => void;
};

/** Which of the product's pictures shows a variant. */
export function VariantPicture({ name, url, pictures, choose }: Props) {
  const { editor: texts } = useTexts();
  const [open, setOpen] = useState(false);
  const take = (url: string | null) => {
    choose(url);
    setOpen(false);
  };
  return (
    <Popover opened={open} onChange={setOpen} trapFocus returnFocus withArrow>
      <Popover.Target>
        <UnstyledButton
          onClick={() => setOpen((it) => !it)}
          aria-label={texts.imageFor(name)}
          className={styles.choice}
        >
          <Thumbnail url={url} size={36} />
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown aria-label={texts.imageFor(name)} maw={260}>
        {pictures.length === 0 && <Text size="sm">{texts.noImages}</Text>}
        <Group gap={6}>
          {pictures.map((it, at) => (
            <UnstyledButton
              key={it.url}
              aria-label={it.alt || texts.imageNumber(at + 1)}
              aria-pressed={it.url === url}
              className={styles.choice}
              onClick={() => take(it.url)}
            >
              <Thumbnail url={it.url} size={48} />
            </UnstyledButton>
          ))}
          {url && (
            <UnstyledButton className={styles.choice} onClick={() => take(null)}>
              <Text size="sm" td="underline">
                {texts.noVariantImage}
              </Text>
            </UnstyledButton>
          )}
        </Group>
      </Popover.Dropdown>
    </Popover>
  );
}
