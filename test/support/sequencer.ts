/**
 * The files of a project follow one another: a process that gets a file of another project ends, with all that it loaded, and its stack.
 * Long ones come first, so that no core waits for them at the end.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const ORDER = ['alone', 'stack', 'shared', 'parts', 'pure'];

export class ByProject extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ project }: TestSpecification): number => ORDER.indexOf(project.name);
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}
