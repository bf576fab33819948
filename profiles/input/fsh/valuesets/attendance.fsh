Alias: $ActCode = http://terminology.hl7.org/CodeSystem/v3-ActCode

ValueSet: CpIsAttendanceClass
Id: CpIs-AttendanceClass
Title: "Attendance class"
Description: "The classes of encounter an EPR reports."
* ^experimental = false
* $ActCode#EMER "emergency"
* $ActCode#AMB "ambulatory"
* $ActCode#IMP "inpatient encounter"
* $ActCode#FLD "field"
* $ActCode#HH "home health"
* $ActCode#VR "virtual"
* $ActCode#SS "short stay"

ValueSet: CpIsAttendanceType
Id: CpIs-AttendanceType
Title: "Attendance type"
Description: "Where a person attended, and whether the attendance was a planned follow-up."
* ^experimental = false
* CpIsAttendance#emergency-department "Emergency department"
* CpIsAttendance#urgent-treatment-centre "Urgent treatment centre"
* CpIsAttendance#walk-in-centre "Walk-in centre"
* CpIsAttendance#out-of-hours-gp "Out-of-hours general practice"
* CpIsAttendance#ambulance "Ambulance service"
* CpIsAttendance#nhs-111 "NHS 111"
* CpIsAttendance#maternity "Maternity service"
* CpIsAttendance#ward "Hospital ward"
* CpIsAttendance#planned-follow-up "Planned follow-up"
