/**
 * How hard the fault tests try: one short trial of each fault normally; `FAULT_TRIALS=10` (the nightly run) makes ten
 * of at least 2,000 operations each.
 */
export const faultTrials = positive(process.env["FAULT_TRIALS"]) ?? 1;

export const operationsPerTrial = faultTrials > 1 ? 2000 : 600;

/** Documents of the large load: 20,000 normally, `DOCUMENTS=100000` for the whole proof. */
export const loadDocuments = positive(process.env["DOCUMENTS"]) ?? 20_000;

function positive(text: string | undefined): number | undefined {
  const number = Number(text);
  return Number.isInteger(number) && number > 0 ? number : undefined;
}
