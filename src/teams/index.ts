/** Teams: the app that people click in, and the notifier that tells them. */
export { createTeamsApp, MESSAGES_PATH, type TeamsApp } from './app.ts';
export { createTeamsAuth, type TeamsAuth } from './auth.ts';
export { createTeamsClient, isAllowed, TeamsTrouble, type TeamsClient } from './client.ts';
export { createTeamsNotifier, workspaceOf, type TeamsNotifierDeps } from './notifier.ts';
