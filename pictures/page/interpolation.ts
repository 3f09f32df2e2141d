/**
 * How a variable's values go into a PromQL expression: a variable that can hold several values, or all, stands in
 * regular expressions, so each value is quoted for one; others are quoted for a string.
 */

type Value = string | string[];

interface VariableKind {
  multi?: boolean;
  includeAll?: boolean;
}

/** Used by Grafana's interpolation for each variable without a format of its own. */
export function interpolatePromql(given: unknown, variable: VariableKind): string {
  const value = given as Value;
  if (!variable.multi && !variable.includeAll) {
    return quoteString(String(value));
  }
  const values = (Array.isArray(value) ? value : [value]).map(quoteRegex);
  return values.length === 1 ? values[0] : `(${values.join('|')})`;
}

/** A backslash and a quote end or change a PromQL string. */
function quoteString(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/'/g, "\\\\'");
}

/** The characters of a regular expression, quoted once for it and once for the string around it. */
function quoteRegex(value: string): string {
  return value.replace(/\\/g, '\\\\\\\\').replace(/[$^*{}[\]'+?.()|]/g, '\\\\$&');
}
