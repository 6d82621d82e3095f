/** The part of a drawing that can be seen in its box, and a margin around it. */
import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Area } from '../../graph/layout.ts';

/** So much more than can be seen is in the page, in px of the drawing at its full size. */
const MARGIN = 300;
/** What is in the page changes with steps of so many px, so that not each pixel of a scroll draws anew. */
const STEP = 100;

const NOTHING: Area = { left: 0, top: 0, right: 2000, bottom: 2000 };

/**
 * @param scale of the drawing
 * @param middle where it begins: the box is scrolled there at first, in px of the drawing at its full size
 * @returns what the box is to be given as its ref, the area, and what is to be called when the box scrolls
 */
export function useArea(scale: number, middle: number): readonly [RefObject<HTMLElement | null>, Area, () => void] {
  const element = useRef<HTMLElement | null>(null);
  const [area, setArea] = useState<Area>(NOTHING);
  const waiting = useRef(false);
  const look = (): void => {
    waiting.current = false;
    const { current } = element;
    if (current === null) return;
    const { clientHeight, clientWidth, scrollLeft, scrollTop } = current;
    const at = (px: number): number => Math.round(px / scale / STEP) * STEP;
    const next: Area = {
      left: at(scrollLeft) - MARGIN,
      top: at(scrollTop) - MARGIN,
      right: at(scrollLeft + clientWidth) + MARGIN,
      bottom: at(scrollTop + clientHeight) + MARGIN,
    };
    setArea((last) => (isSame(last, next) ? last : next));
  };
  useEffect(() => {
    if (element.current === null) return undefined;
    const { current } = element;
    current.scrollLeft = middle * scale - current.clientWidth / 2;
    const observer = new ResizeObserver(look);
    observer.observe(current);
    return () => observer.disconnect();
  }, [scale, middle]);
  const onScroll = (): void => {
    if (waiting.current) return;
    waiting.current = true;
    requestAnimationFrame(look);
  };
  return [element, area, onScroll];
}

function isSame(a: Area, b: Area): boolean {
  return a.left === b.left && a.top === b.top && a.right === b.right && a.bottom === b.bottom;
}
