/** VitePress's own look, which follows the light or dark of the system. */
import DefaultTheme from 'vitepress/theme';
import './style.css';

// biome-ignore lint/style/noDefaultExport: VitePress asks for it.
export default DefaultTheme;
