export function dashboard(): object;
