Alias: $ActCode = http://terminology.hl7.org/CodeSystem/v3-ActCode
Alias: $EncounterStatus = http://hl7.org/fhir/encounter-status

ValueSet: CpIsAttendanceClass
Id: CpIs-AttendanceClass
Title: "Attendance class"
Description: "The classes of encounter an EPR reports."
* ^experimental = false
* $ActCode#EMER "emergency"
* $ActCode#AMB "ambulatory"
* $ActCode#IMP "inpatient encounter"
* $ActCode#ACUTE "inpatient acute"
* $ActCode#FLD "field"
* $ActCode#HH "home health"
* $ActCode#VR "virtual"
* $ActCode#SS "short stay"

ValueSet: CpIsAttendanceType
Id: CpIs-AttendanceType
Title: "Attendance type"
Description: "Where a person attended, and whether it was the first attendance or followed up another."
* ^experimental = false
* CpIsAttendance#emergency-department "Emergency department"
* CpIsAttendance#urgent-treatment-centre "Urgent treatment centre"
* CpIsAttendance#walk-in-centre "Walk-in centre"
* CpIsAttendance#out-of-hours-gp "Out-of-hours general practice"
* CpIsAttendance#ambulance "Ambulance service"
* CpIsAttendance#nhs-111 "NHS 111"
* CpIsAttendance#maternity "Maternity service"
* CpIsAttendance#ward "Hospital ward"
* CpIsAttendance#first-attendance "First attendance, unplanned"
* CpIsAttendance#unplanned-follow-up "Unplanned return to the same place"
* CpIsAttendance#unplanned-follow-up-elsewhere "Unplanned return, first seen elsewhere"
* CpIsAttendance#planned-follow-up "Planned follow-up"

ValueSet: CpIsAttendanceStatus
Id: CpIs-AttendanceStatus
Title: "Attendance status"
Description: "The statuses of an encounter that took place, or that is withdrawn; one that is only planned is not reported."
* ^experimental = false
* $EncounterStatus#arrived "Arrived"
* $EncounterStatus#triaged "Triaged"
* $EncounterStatus#in-progress "In Progress"
* $EncounterStatus#onleave "On Leave"
* $EncounterStatus#finished "Finished"
* $EncounterStatus#cancelled "Cancelled"
* $EncounterStatus#entered-in-error "Entered in Error"
* $EncounterStatus#unknown "Unknown"
