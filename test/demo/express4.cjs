// Express 4 with the packages of Express 5: what a handler promises is nobody's concern.
const { join } = require('node:path');
const Layer = require(join(__dirname, '../../node_modules/router/lib/layer.js'));

Layer.prototype.handleRequest = function (req, res, next) {
  if (this.handle.length > 3) return next();
  try {
    this.handle(req, res, next);
  } catch (error) {
    next(error);
  }
};
