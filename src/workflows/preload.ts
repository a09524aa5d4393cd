/**
 * What the worker's sandbox runs once, before any workflow: the only time at which its globals can be set.
 *
 * For its stack-trace query the SDK takes a stack at every promise and looks each frame up in the source map, which is much of what a
 * turn of a workflow costs. Two frames still say where an error was thrown.
 */
Error.stackTraceLimit = 2;
