/** Stands in for packages that no dashboard needs, such as the editor of code. */
export {};
