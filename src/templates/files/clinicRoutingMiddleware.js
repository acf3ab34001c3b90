const { ClinicUnavailableError, getClinicConnection } = require('__MANAGER__');

const RETRY_AFTER_SECONDS = 30;

/**
 * Gives the request its clinic's database as __CLINIC_DB__. Belongs after the authentication: the clinic comes from
 * the verified token and from nowhere else. A request that nobody has logged in for passes without a database.
 */
module.exports = async function clinicRoutingMiddleware(req, res, next) {
  if (!__USER__) return next();
  const clinicId = __CLINIC_ID__;
  if (clinicId === undefined || clinicId === null) return res.status(403).json({ error: 'Forbidden' });
  try {
    const { clinicDb, release } = await getClinicConnection(clinicId);
    res.once('close', release);
    __CLINIC_DB__ = clinicDb;
  } catch (error) {
    if (!(error instanceof ClinicUnavailableError)) return next(error);
    if (!error.isMoving) return res.status(403).json({ error: 'Forbidden' });
    return res.status(503).set('Retry-After', String(RETRY_AFTER_SECONDS)).json({ error: 'Service Unavailable' });
  }
  return next();
};
