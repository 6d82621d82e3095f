/** VitePress's own look, which follows the light or dark of the system, and the calculator of docs/sizing.md. */
import DefaultTheme from 'vitepress/theme';
import SizingCalculator from './SizingCalculator.vue';
import './style.css';

// biome-ignore lint/style/noDefaultExport: VitePress asks for it.
export default {
  extends: DefaultTheme,
  enhanceApp: ({ app }) => app.component('SizingCalculator', SizingCalculator),
};
