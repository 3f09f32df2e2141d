/** Colours as the eye gets them: layers put over each other, and the contrast of two. */

/** Red, green and blue from 0 to 255, and how much covers what is below, from 0 to 1. */
export type Color = [number, number, number, number];

const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!;
const known = new Map<string, Color>();

/** A colour as CSS writes it; the canvas understands every way. */
export function parse(text: string): Color {
  const found = known.get(text) ?? read(text);
  known.set(text, found);
  return [...found];
}

function read(text: string): Color {
  const plain = /^rgba?\((\d+), (\d+), (\d+)(?:, ([\d.]+))?\)$/.exec(text);
  if (plain) {
    return [Number(plain[1]), Number(plain[2]), Number(plain[3]), Number(plain[4] ?? 1)];
  }
  context.clearRect(0, 0, 1, 1);
  context.fillStyle = text;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = context.getImageData(0, 0, 1, 1).data;
  return [red, green, blue, alpha / 255];
}

/** What is seen of `above` on `below`. */
export function over(above: Color, below: Color): Color {
  const alpha = above[3] + below[3] * (1 - above[3]);
  const mixed = [0, 1, 2].map((n) => (above[n] * above[3] + below[n] * below[3] * (1 - above[3])) / (alpha || 1));
  return [mixed[0], mixed[1], mixed[2], alpha];
}

/** The contrast ratio of WCAG 2, from 1 to 21. */
export function contrast(one: Color, other: Color): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: Color): number {
  const [red, green, blue] = color.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** The colour behind an element, all layers put together; of a gradient each colour is possible. */
export function backgrounds(element: Element): Color[] {
  const layers = [...ancestors(element)].map(layersOf);
  const page: Color = [255, 255, 255, 1];
  return layers.reverse().reduce<Color[]>(
    (below, above) => [...new Set(below.flatMap((color) => above.map((layer) => over(layer, color))))],
    [page]
  );
}

function layersOf(element: Element): Color[] {
  const { backgroundColor, backgroundImage } = getComputedStyle(element);
  const colors = backgroundImage.match(/(rgba?|color|oklch)\([^()]*\)/g) ?? [];
  const plain = parse(backgroundColor);
  return colors.length ? colors.map((color) => over(parse(color), plain)) : [plain];
}

export function* ancestors(element: Element | null): Generator<Element> {
  for (let one = element; one; one = one.parentElement) {
    yield one;
  }
}
