/** How deep objects may be nested in each other. Far above what anybody needs, far below what the stack can take. */
export const MAX_NESTING = 1_000;
