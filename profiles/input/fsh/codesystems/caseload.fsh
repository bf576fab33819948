CodeSystem: CpIsPlanName
Id: CpIs-PlanName
Title: "Plan name"
Description: "The names that council files use for the three kinds of plan: ours, and those of the V3 service."
* ^experimental = false
* ^caseSensitive = true
* #child-protection "Child protection plan"
* #looked-after "Looked after child"
* #unborn "Unborn child plan"
* #CPPIU "Child protection plan"
* #LACIU "Looked after child"
* #UCPIU "Unborn child plan"

CodeSystem: CpIsRemoval
Id: CpIs-Removal
Title: "Removal"
Description: "Why a council takes a plan back. Health callers are never shown it."
* ^experimental = false
* ^caseSensitive = true
* #error "Entered in error"
* #died "The child has died"
* #pregnancy-ended "The pregnancy has ended"
* #adopted "The child was adopted"
* #number-changed "The NHS number has changed"

CodeSystem: CpIsUpload
Id: CpIs-Upload
Title: "Upload"
Description: "What became of a file (CPF) and of each record in it (CPR): the codes that councils know from the service before this one."
* ^experimental = false
* ^caseSensitive = true
* #CPF01 "The file cannot be read: nothing of it was kept"
* #CPF02 "All records were loaded"
* #CPF03 "Some records were loaded"
* #CPF04 "No record was loaded"
* #CPF05 "Demographics cannot be asked: the file waits"
* #CPR01 "Nobody has this NHS number"
* #CPR02 "The record of this person is protected"
* #CPR03 "The name or birth date differs from the person on this NHS number"
* #CPR04 "The NHS number is missing, or is none"
* #CPR05 "The NHS number was replaced by another"
* #CPR06 "The record was loaded"
* #CPR07 "The record was not loaded"
