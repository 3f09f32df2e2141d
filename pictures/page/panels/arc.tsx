/** A gauge's arc. Grafana's own component needs a part of the server's pages to draw, so this is our drawing of it. */

import { type FieldDisplay, formattedValueToString } from '@grafana/data';
import { useTheme2 } from '@grafana/ui';

const [BEGIN, SWEEP] = [150, 240]; // degrees, clockwise from the right

interface Props {
  value: FieldDisplay;
  width: number;
  height: number;
}

export function Arc({ value: { display, field }, width, height }: Props) {
  const theme = useTheme2();
  const radius = Math.min(width / 2, height / 2.2) * 0.8;
  const [x, y] = [width / 2, radius * 1.15];
  const share = Math.min(Math.max((display.numeric - (field.min ?? 0)) / ((field.max ?? 100) - (field.min ?? 0)), 0), 1);
  const stroke = { fill: 'none', strokeWidth: radius / 4 };
  const text = { textAnchor: 'middle', fontWeight: theme.typography.fontWeightMedium } as const;
  return (
    <svg width={width} height={height}>
      <path d={path(x, y, radius, 1)} stroke={theme.colors.background.secondary} {...stroke} />
      <path d={path(x, y, radius, share)} stroke={display.color} {...stroke} />
      <text x={x} y={y + radius / 6} fontSize={radius / 2.2} fill={display.color} {...text}>
        {formattedValueToString(display)}
      </text>
      <text x={x} y={y + radius} fontSize={theme.typography.fontSize} fill={theme.colors.text.primary} {...text}>
        {display.title}
      </text>
    </svg>
  );
}

function path(x: number, y: number, radius: number, share: number): string {
  const at = (degrees: number) => [x + radius * Math.cos((degrees * Math.PI) / 180), y + radius * Math.sin((degrees * Math.PI) / 180)];
  const [begin, end] = [at(BEGIN), at(BEGIN + SWEEP * share)];
  return `M ${begin.join(' ')} A ${radius} ${radius} 0 ${SWEEP * share > 180 ? 1 : 0} 1 ${end.join(' ')}`;
}
