const { ClinicUnavailableError, getClinicConnection } = require('__MANAGER__');

const RETRY_AFTER_SECONDS = 30;

/**
 * Gives the request its clinic's database as __CLINIC_DB__. Belongs after the authentication: the clinic comes from
 * the verified token and from nowhere else. A request without __USER_NAME__ (a login, a health check) passes without a
 * database: it cannot reach any clinic.
 */
module.exports = async function clinicRoutingMiddleware(req, res, next) {
  if (!__USER__) return next();
  try {
    const { clinicDb, release } = await getClinicConnection(__CLINIC_ID__);
    // Who asked may have gone while we waited, and then no 'close' is to come.
    if (res.closed || res.destroyed) return release();
    res.once('close', release);
    __CLINIC_DB__ = clinicDb;
  } catch (error) {
    if (!(error instanceof ClinicUnavailableError)) return next(error);
    if (!error.isTemporary) return res.status(403).json({ error: 'Forbidden' });
    return res.status(503).set('Retry-After', String(RETRY_AFTER_SECONDS)).json({ error: 'Service Unavailable' });
  }
  return next();
};
