/**
 * A validating admission webhook of Kubernetes: no permit for exactly this image, no Deployment. It checks and redeems, and never waits:
 * whoever deploys asks first, and puts the permit into the annotation.
 */
import { permitVerifier, type VerifyPermit } from '@countersign/client/verify';
import type { ActionRequest } from '@countersign/client';

interface Deployment {
  metadata: { name: string; annotations?: Record<string, string> };
  spec: { template: { spec: { containers: { image: string }[] } } };
}

export interface Review {
  request: { uid: string; dryRun?: boolean; object: Deployment; oldObject?: Deployment | null };
}

export interface Answer {
  apiVersion: 'admission.k8s.io/v1';
  kind: 'AdmissionReview';
  response: { uid: string; allowed: boolean; status?: { code: number; message: string } };
}

const imagesOf = ({ spec }: Deployment): string => spec.template.spec.containers.map(({ image }) => image).join(' ');

const ANNOTATION = 'countersign.dev/permit';

/** What will really run, as it must have been asked for: built from the object, never from what its annotations say. */
export function requestOf(deployment: Deployment, actor: string): ActionRequest {
  const { name } = deployment.metadata;
  return {
    surface: 'deploy.prod',
    action: 'deploy.start',
    actor: { id: actor, type: 'agent' },
    resource: { type: 'service', id: name, service: name },
    params: { version: imagesOf(deployment), tests: 'passed' },
  };
}

/** Answers one review. Every doubt is a no: configure the webhook with `failurePolicy: Fail` and a timeout of ten seconds. */
export async function admit({ request }: Review, verify: VerifyPermit, actor: string): Promise<Answer> {
  const answer = (allowed: boolean, message?: string): Answer => ({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid: request.uid, allowed, ...(message === undefined ? {} : { status: { code: 403, message } }) },
  });
  const { object, oldObject, dryRun } = request;
  // A dry run changes nothing, and a permit that it used up would be missing when it counts.
  if (dryRun === true) return answer(true);
  // Scaled, or labelled: what runs is what was released.
  if (oldObject && imagesOf(oldObject) === imagesOf(object)) return answer(true);
  try {
    const permit = object.metadata.annotations?.[ANNOTATION];
    const granted = await verify({ permit, request: requestOf(object, actor) });
    await granted.report({ status: 'executed', reference: request.uid });
    return answer(true);
  } catch (error) {
    return answer(false, error instanceof Error ? error.message : 'the permit could not be checked');
  }
}

export const verifier = (options: { url: string; key: string }): VerifyPermit =>
  permitVerifier({ surface: 'deploy.prod', ...options });
