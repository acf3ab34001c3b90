export { defineConfig } from './config/define-config.js';
