import { posix } from 'node:path';
import type { Finding } from '../../core/finding.js';
import { FINDINGS } from '../../core/finding-codes.js';
import type { Analysis } from '../../project/analysis.js';
import { clinicSource } from '../../project/application/clinic-source.js';
import { locationOf } from '../../project/source/nodes.js';

/** Whether authentication gives the requests what app.clinicId names; without it each of them is answered 403. */
export function clinicFindings(analysis: Analysis): Finding[] {
  const { clinicId, root, server } = analysis.project.app;
  const { is, node, others } = clinicSource(analysis, clinicId);
  // Where nothing is seen to set it, the finding needs a place all the same, or it could not be accepted there.
  const place = node ?? analysis.project.file(posix.join(root, server));
  if (is === 'set') return [];
  const owner = clinicId.slice(0, clinicId.lastIndexOf('.'));
  const has = others.length === 0 ? '' : `: ${owner} has ${others.join(', ')}`;
  return [
    {
      code: 'ISOLATION_NO_CLINIC',
      severity: is === 'unknown' ? 'warning' : 'error',
      subject: clinicId,
      message:
        is === 'unknown'
          ? `it is not known whether anything sets ${clinicId}: ${node === undefined ? `nothing in the source sets ${owner}` : `what ${owner} is given here cannot be followed`}`
          : `nothing sets ${clinicId}, so every request would be answered 403${has}`,
      ...(place === undefined ? {} : { location: locationOf(place) }),
      hint: FINDINGS.ISOLATION_NO_CLINIC.mend,
    },
  ];
}
