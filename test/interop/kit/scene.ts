/** What one test has on stage; it ends with the test, and what all said is shown only when the test failed. */
import { test } from 'vitest';
import { Scene } from './stage.ts';

export { Actor, Scene, type Start } from './stage.ts';

/** vitest's `it` with a scene. */
export const it = test.extend<{ scene: Scene }>({
  scene: async ({ onTestFailed }, use) => {
    const scene = new Scene();
    onTestFailed(() => {
      process.stderr.write(scene.report());
    });
    try {
      await use(scene);
    } finally {
      await scene.close();
    }
  },
});
