ValueSet: CpIsPlanNames
Id: CpIs-PlanNames
Title: "Plan names"
Description: "How a caseload row may name the kind of plan: by name, by SNOMED CT code, or as the V3 service did."
* ^experimental = false
* CpIsPlanName#child-protection "Child protection plan"
* CpIsPlanName#looked-after "Looked after child"
* CpIsPlanName#unborn "Unborn child plan"
* $SCT#342191000000101 "Subject to child protection plan"
* $SCT#764841000000100 "Looked after child"
* $SCT#818901000000100 "Unborn child subject to child protection plan"
* CpIsPlanName#CPPIU "Child protection plan"
* CpIsPlanName#LACIU "Looked after child"
* CpIsPlanName#UCPIU "Unborn child plan"

ValueSet: CpIsRemovals
Id: CpIs-Removals
Title: "Removals"
Description: "Why a council takes a plan back."
* ^experimental = false
* CpIsRemoval#error "Entered in error"
* CpIsRemoval#died "The child has died"
* CpIsRemoval#pregnancy-ended "The pregnancy has ended"
* CpIsRemoval#adopted "The child was adopted"
* CpIsRemoval#number-changed "The NHS number has changed"

ValueSet: CpIsFileOutcomes
Id: CpIs-FileOutcomes
Title: "File outcomes"
Description: "What became of a file as a whole."
* ^experimental = false
* CpIsUpload#CPF01 "The file cannot be read: nothing of it was kept"
* CpIsUpload#CPF02 "All records were loaded"
* CpIsUpload#CPF03 "Some records were loaded"
* CpIsUpload#CPF04 "No record was loaded"
* CpIsUpload#CPF05 "Demographics cannot be asked: the file waits"

ValueSet: CpIsRecordOutcomes
Id: CpIs-RecordOutcomes
Title: "Record outcomes"
Description: "What became of one record of a file."
* ^experimental = false
* CpIsUpload#CPR01 "Nobody has this NHS number"
* CpIsUpload#CPR02 "The record of this person is protected"
* CpIsUpload#CPR03 "The name or birth date differs from the person on this NHS number"
* CpIsUpload#CPR04 "The NHS number is missing, or is none"
* CpIsUpload#CPR05 "The NHS number was replaced by another"
* CpIsUpload#CPR06 "The record was loaded"
* CpIsUpload#CPR07 "The record was not loaded"
