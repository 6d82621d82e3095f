/** Starts the page of a job in the browser. */
import { render } from 'preact';
import './style/main.css';
import { App } from './app.tsx';
import { connect } from './data/live.ts';
import { startNavigation } from './navigation.ts';
import { startTheme } from './theme.ts';

startTheme();
startNavigation();
connect();
const page = document.getElementById('page');
if (page !== null) render(<App />, page);
