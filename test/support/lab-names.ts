/** The lab that scenarios share. `npm test` names it, by its checkout; a scenario run by jest alone has to be told. */
export const LAB = process.env['PROVISION_TEST_LAB'] ?? namedByNobody();

/** A lab that one scenario has to itself. */
export const ownLabName = (suffix: string): string => `${LAB}-${suffix}`;

function namedByNobody(): never {
  throw new Error('PROVISION_TEST_LAB names the lab: npm test -- --only NAME sets it');
}
