Alias: $AbsentReason = http://terminology.hl7.org/CodeSystem/data-absent-reason
Alias: $Interpretation = http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation

Profile: CpIsAttendanceCount
Parent: Observation
Id: CpIs-AttendanceCount
Title: "Count of unscheduled attendances"
Description: "How often a person attended unscheduled care in the window of a named rule, as far as organisations report it. A prompt to ask, not a diagnosis. Computed for an answer, never stored."
* insert Closed
* insert NoExtension
* obeys cpis-closed-1
* identifier 0..0
* basedOn 0..0
* partOf 0..0
* status = #final
* category 0..0
* code.coding 1..1
* code.coding.system 1..1
* code.coding.system = "https://fhir.cpis.example/CodeSystem/cpis-measure"
* code.coding.code 1..1
* code.coding.code = #unscheduled-attendance-count
* code.text 0..0
* insert PersonReference(subject)
* focus only Reference(CpIsEncounter)
* focus ^short = "The encounters counted"
* focus.identifier 0..0
* focus.display ^short = "Day, setting and organisation: the encounter itself is its organisation's"
* encounter 0..0
* effective[x] 1..1
* effective[x] only Period
* effectivePeriod.start 1..1
* effectivePeriod.start obeys cpis-date-1
* effectivePeriod.end 1..1
* effectivePeriod.end obeys cpis-date-1
* issued 1..1
* performer 1..1
* performer only Reference(CpIsOrganization)
* performer.identifier 1..1
* performer.identifier.system 1..1
* performer.identifier.system = $OdsCode
* performer.identifier.value 1..1
* value[x] only integer
* dataAbsentReason ^short = "Nobody reports attendances of this person"
* dataAbsentReason.coding 1..1
* dataAbsentReason.coding.system 1..1
* dataAbsentReason.coding.system = $AbsentReason
* dataAbsentReason.coding.code 1..1
* dataAbsentReason.coding.code = #unknown
* dataAbsentReason.text 0..0
* interpretation 0..1
* interpretation ^short = "H when the threshold is reached, and absent otherwise: no count is called normal"
* interpretation.coding 1..1
* interpretation.coding.system 1..1
* interpretation.coding.system = $Interpretation
* interpretation.coding.code 1..1
* interpretation.coding.code = #H
* interpretation.text 0..0
* note 1..1
* note ^short = "How many organisations report, in words"
* note.author[x] 0..0
* note.time 0..0
* bodySite 0..0
* method 0..0
* specimen 0..0
* device 0..0
* referenceRange 1..1
* referenceRange.low 0..0
* referenceRange.high 1..1
* referenceRange.high.value 1..1
* referenceRange.high.comparator 0..0
* referenceRange.type 0..0
* referenceRange.appliesTo 0..0
* referenceRange.age 0..0
* referenceRange.text 1..1
* referenceRange.text ^short = "The rule, its version and what reaches it"
* hasMember 0..0
* derivedFrom 0..0
* component 0..0
