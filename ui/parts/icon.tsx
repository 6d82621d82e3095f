/** Icons, drawn here: 16 by 16, in the colour of the text. They say nothing that no word says beside them. */
import type { ComponentChildren, JSX } from 'preact';

export type IconName =
  | 'check'
  | 'falling'
  | 'rising'
  | 'alert'
  | 'idle'
  | 'hourglass'
  | 'stop'
  | 'play'
  | 'pause'
  | 'sun'
  | 'moon'
  | 'contrast'
  | 'state'
  | 'left'
  | 'right'
  | 'refresh'
  | 'info';

const SHAPES: Readonly<Record<IconName, ComponentChildren>> = {
  check: <path d="M3 8.5l3.2 3.2L13 4.8" />,
  falling: <path d="M2 4l4.2 4.2 2.6-2.6L14 10.8M14 6.6v4.2H9.8" />,
  rising: <path d="M2 12l4.2-4.2 2.6 2.6L14 5.2M14 9.4V5.2H9.8" />,
  alert: <path d="M8 2.2L14.4 13.4H1.6zM8 6.4v3.4M8 11.4v.4" />,
  idle: <path d="M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.8V8h2.6" />,
  hourglass: <path d="M4 2h8M4 14h8M4.8 2v2.6L8 8l3.2-3.4V2M4.8 14v-2.6L8 8l3.2 3.4V14" />,
  stop: <path d="M4 4h8v8H4z" />,
  play: <path d="M5 3.4l7 4.6-7 4.6z" />,
  pause: <path d="M5.5 3.5v9M10.5 3.5v9" />,
  sun: (
    <path d="M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6zM8 1.6v1.6M8 12.8v1.6M1.6 8h1.6M12.8 8h1.6M3.5 3.5l1.1 1.1M11.4 11.4l1.1 1.1M3.5 12.5l1.1-1.1M11.4 4.6l1.1-1.1" />
  ),
  moon: <path d="M13.4 9.6A5.6 5.6 0 0 1 6.4 2.6a5.6 5.6 0 1 0 7 7z" />,
  contrast: <path d="M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 2v12M8 5h4.9M8 8h6M8 11h4.9" />,
  state: (
    <path d="M3 4.2c0-1.2 2.2-2 5-2s5 .8 5 2v7.6c0 1.2-2.2 2-5 2s-5-.8-5-2zM3 4.2c0 1.2 2.2 2 5 2s5-.8 5-2M3 8c0 1.2 2.2 2 5 2s5-.8 5-2" />
  ),
  left: <path d="M10 3L5 8l5 5" />,
  right: <path d="M6 3l5 5-5 5" />,
  info: <path d="M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 7.4v3.4M8 5v.3" />,
  refresh: <path d="M13.4 8A5.4 5.4 0 1 1 11.6 4M11.8 1.6V4.4H9" />,
};

/** An icon. @param props `size` in px, 16 by default */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }): JSX.Element {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {SHAPES[name]}
    </svg>
  );
}
